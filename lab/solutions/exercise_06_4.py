"""Members keep what does not move."""

settings = {"group.protocol": "consumer"}
