"""A segment of ten minutes makes the oldest record ten minutes older, and the look five more."""

settings = {"retention_minutes": 35, "segment_minutes": 10}
