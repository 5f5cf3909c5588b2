"""For the new partition the group has no commit: begin at its beginning."""

reset = "earliest"
