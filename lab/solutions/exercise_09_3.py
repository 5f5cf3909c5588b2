"""An int reads as a double, and a field that was never written reads as its default."""

from lab.exercises.stories_09 import V1

schema = {
    **V1,
    "fields": [
        {"name": "order_id", "type": "string"},
        {"name": "amount", "type": "double"},
        {"name": "currency", "type": "string", "default": "EUR"},
    ],
}
