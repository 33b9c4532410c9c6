// What of a plan the probes look at.
#ifndef TESTCELL_SRC_CELL_PLACES_H_
#define TESTCELL_SRC_CELL_PLACES_H_

#include "cell/plan.h"
#include "probe/places.h"

namespace testcell::cell {

probe::Places MakePlaces(const Plan& plan);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PLACES_H_
