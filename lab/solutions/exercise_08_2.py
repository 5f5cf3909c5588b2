"""What a record does not mention stays as it was."""


def replay(image, record):
    if record["kind"] == "RemoveTopic":
        for name in [name for name in image if name.rpartition("-")[0] == record["topic"]]:
            del image[name]
        return
    at = image.setdefault(record["partition"], {})
    at.update({key: record[key] for key in ("leader", "isr") if key in record})
