"""`look_up("high watermark")`: a word of Kafka's, in a notebook, with links to its lessons.

Read next: `glossary`, the words.
"""

from difflib import get_close_matches

from kafkalab.errors import LearnerError
from lab.checking.views import Words
from lab.exercises.glossary import GLOSSARY
from lab.exercises.lessons import LESSONS


def look_up(word: str = "") -> Words:
    """What it means; without a word, which words there are.  `LearnerError` for one unknown."""
    if not word:
        return Words(", ".join(sorted((each.name for each in GLOSSARY), key=str.lower)))
    known = {each.name.lower(): each for each in GLOSSARY}
    found = known.get(word.strip().lower())
    if found is None:
        near = get_close_matches(word.lower(), known, 3, 0.5) or sorted(known)[:3]
        names = ", ".join(known[each].name for each in near)
        raise LearnerError(
            f"the glossary has no {word!r}; it has {names}. look_up() lists them all"
        )
    files = {lesson.number: lesson for lesson in LESSONS}
    links = [f"[{number} {files[number].title}]({files[number].file})" for number in found.lessons]
    return Words(f"**{found.name}**: {found.meaning}. Lesson {', '.join(links)}")
