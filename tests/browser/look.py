"""Pictures as PNG files, to be looked at: small and large, wide and narrow, in both themes, and as
people see them who do not see all colours.

    python -m tests.browser.look /tmp/look                              every picture, small, 1200
    python -m tests.browser.look /tmp/look cluster log --width 700 --dark --large
    python -m tests.browser.look /tmp/look partitioner record rebalance durability
    python -m tests.browser.look /tmp/look --sight deuteranopia         also protanopia, tritanopia,
                                                                        achromatopsia, or all

What a state is must be told without its colour: by a sign, a word, a fill, a dash or a place.
Chromium does the seeing (`Emulation.setEmulatedVisionDeficiency`).
Read next: `test_picture_layout`, whose worlds these are; `record`, the moving picture.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import sync_playwright

from kafkalab import Simulation
from lab import DurabilityGrid, RebalanceBench
from lab.scenes.durability import draw_grid
from lab.scenes.partitioning import draw_lens as draw_partitions
from lab.scenes.pictures import ALL
from lab.scenes.rebalancing import draw_bench
from lab.scenes.record_lens import draw_lens
from lab.scenes.shapes import Scene
from lab.scenes.svg import write_svg

from .conftest import CHROMIUM, FLAGS
from .test_lens_layout import BENCHES, PARTITIONERS, PICTURES
from .test_picture_layout import large, scene, small

SIGHTS = ("protanopia", "deuteranopia", "tritanopia", "achromatopsia")


#: The widgets that need no world, each in a state with much to see.
WIDGETS: Mapping[str, Callable[[int], Scene]] = {
    "durability": lambda width: draw_grid(
        replace(DurabilityGrid(predict=False)._grid, width=width)
    ),
    "partitioner": lambda width: draw_partitions(
        replace(PARTITIONERS["growing"]()._lens, width=width, chosen=1)
    ),
    "record": lambda width: draw_lens(replace(PICTURES["changed"], width=width)),
    "rebalance": lambda width: draw_bench(
        replace(RebalanceBench(**BENCHES["usual"])._bench, width=width)
    ),
}


def drawn(sim: Simulation | None, name: str, width: int) -> Scene:
    """A widget by its name, else a picture of the bench."""
    return WIDGETS[name](width) if sim is None else scene(sim, name, width)


def look(
    folder: Path, names: list[str], width: int, sights: list[str], *, dark: bool, is_large: bool
) -> list[Path]:
    """Draw pictures and save what is seen; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    is_worldly = any(name not in WIDGETS for name in names)
    sim = (large() if is_large else small()) if is_worldly else None
    size = "large" if is_large else "small"
    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        emulated = page.context.new_cdp_session(page)
        for name in names:
            svg = write_svg(drawn(None if name in WIDGETS else sim, name, width))
            page.set_content(
                f"<body style='margin:0;background:{'#111' if dark else '#fff'}'>{svg}</body>"
            )
            for sight in sights:
                kind = {"type": sight or "none"}
                emulated.send("Emulation.setEmulatedVisionDeficiency", kind)
                parts = [name, size, str(width), *["dark"] * dark, *([sight] if sight else [])]
                made.append(folder / f"{'-'.join(parts)}.png")
                page.screenshot(path=made[-1], full_page=True)
        browser.close()
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("pictures", nargs="*", default=[each.name for each in ALL])
    parser.add_argument("--width", type=int, default=1200)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--sight", choices=(*SIGHTS, "all"), default="")
    asked = parser.parse_args()
    sights = list(SIGHTS) if asked.sight == "all" else [asked.sight]
    for path in look(
        asked.folder, asked.pictures, asked.width, sights, dark=asked.dark, is_large=asked.large
    ):
        print(path)


if __name__ == "__main__":
    sys.exit(main())
