"""The worker noted its position, and died before it had billed what lies before it."""

from kafkalab.sim import swap
from lab.exercises.case_13 import biller, case, patient_biller, unbilled

sim = case()
offset = sim.fate(unbilled(sim)[0]).place.offset
(dead,) = sim.trace.of("AppCrashed")
read = [each for each in sim.trace.of("RecordsPolled") if each.fields["last_offset"] == offset]
noted = [each for each in sim.trace.of("OffsetCommitted") if each.event[4] > offset]

verdict = {
    "cause": "d",
    "evidence": [read[0], noted[0], dead],
    "mend": swap(biller, patient_biller),
}
