"""Colours, type and motion of every picture: tokens by meaning, and one style sheet made of them.

A scene never names a colour.  It says `comm` (committed) or `out` (lost, crashed), and this
module says how that looks, light and dark: Okabe and Ito's palette, which colour-blind readers
can tell apart, with page and card taken from JupyterLab's own variables.  Next to each tone there
is a text tone (`comm-t`, dark enough to read) and a soft surface (`comm-s`, pale enough to write
on).

Invariants: text pairs reach a contrast of 4.5, shapes 3, in both themes (`tests/lab/test_theme`);
`lead` and `unc` alone do not on white, so they always come with a word, or with an outline.
Left out: member, topic or branch colours.  Position is identity, colour is state.
Read next: `shapes`, whose `fill`, `stroke` and `style` are names from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Token:
    """A colour by meaning.  `variable` is JupyterLab's, used where there is one."""

    light: str
    dark: str
    variable: str | None = None


TOKENS: Final[Mapping[str, Token]] = {
    "ink": Token("#212121", "#e0e0e0", "--jp-ui-font-color1"),
    "mute": Token("#595959", "#b5b5b5"),
    "bg": Token("#ffffff", "#111111", "--jp-layout-color0"),
    "card": Token("#ffffff", "#212121", "--jp-layout-color1"),
    "line": Token("#c4c4c4", "#555555"),  # decorative
    "rule": Token("#828282", "#858585"),  # means something
    "soft": Token("#f3f3f3", "#2a2a2a"),
    "lead": Token("#E69F00", "#E69F00"),  # leader, active controller
    "lead-t": Token("#7a5300", "#f2bd4b"),
    "lead-s": Token("#fdf1d8", "#3a2c0a"),
    "sync": Token("#009E73", "#009E73"),  # in sync, kept
    "sync-t": Token("#00664b", "#3fd0a6"),
    "sync-s": Token("#dcf2ea", "#0d3328"),
    "out": Token("#D55E00", "#D55E00"),  # out of the ISR, lost, stopped, crashed
    "out-t": Token("#a34700", "#ff9a57"),
    "out-s": Token("#fce7da", "#43220c"),
    "comm": Token("#0072B2", "#3fa0dd"),  # committed, produced: the learner's data
    "comm-t": Token("#005a8c", "#7cc4f5"),
    "comm-s": Token("#dcecf7", "#0f2f47"),
    "unc": Token("#56B4E9", "#a6d9f5"),  # there, not yet committed; always outlined in comm
    "group": Token("#CC79A7", "#CC79A7"),  # groups, branches, divergence
    "group-t": Token("#8a3a68", "#eeabd0"),
    "group-s": Token("#f8e7f0", "#3d2233"),
    "mark": Token("#faf3a6", "#524b08"),
    "onout": Token("#111111", "#111111"),
    "dark": Token("#0b2a40", "#0b2a40"),
}


@dataclass(frozen=True, slots=True)
class TypeStyle:
    size: int
    weight: int
    colour: str
    is_mono: bool = False


TYPE: Final[Mapping[str, TypeStyle]] = {
    "h1": TypeStyle(20, 600, "ink"),
    "h2": TypeStyle(15, 600, "ink"),
    "lab": TypeStyle(13, 600, "ink"),
    "body": TypeStyle(13, 400, "ink"),
    "sub": TypeStyle(13, 400, "mute"),
    "note": TypeStyle(12, 400, "mute"),
    "noteb": TypeStyle(12, 600, "ink"),
    "cap": TypeStyle(11, 600, "mute"),
    "tiny": TypeStyle(11, 400, "mute"),
    "num": TypeStyle(12, 400, "ink", is_mono=True),
    "numb": TypeStyle(12, 600, "ink", is_mono=True),
    "big": TypeStyle(24, 600, "ink"),
}

_UI_FONT = "var(--jp-ui-font-family, system-ui, sans-serif)"
_CODE_FONT = "var(--jp-code-font-family, ui-monospace, monospace)"

_SHAPE_RULES = """
.kl{font-family:UI_FONT;font-variant-numeric:tabular-nums}
.kl text{white-space:pre}
.kl .mono{font-family:CODE_FONT}
.kl .halo{paint-order:stroke;stroke:var(--kl-bg);stroke-width:4px;stroke-linejoin:round}
"""

# The watermark line moves first, then the cells behind it change colour: cause before effect.
_MOTION_RULES = """
.kl g,.kl rect,.kl line,.kl path{transition:transform .3s ease,x .3s ease,width .3s ease,
fill .3s ease,stroke .3s ease}
.kl .cell{transition:fill .2s ease .2s,stroke .2s ease .2s}
.kl.kl-still *{transition:none!important}
@media (prefers-reduced-motion:reduce){.kl *{transition:none!important}}
"""

_WIDGET_RULES = """
section.kl{display:block;overflow-x:auto;background:var(--kl-bg);padding:0;
scrollbar-color:var(--kl-rule) var(--kl-soft)}
section.kl>svg{display:block;width:100%;min-width:640px;height:auto}
section.kl:fullscreen,.kl-window:fullscreen{overflow:auto;padding:16px}
.kl-window:fullscreen{display:block;background:var(--jp-layout-color0,#fff)}
section.kl:focus-visible{outline:2px solid var(--kl-comm);outline-offset:-2px}
.kl [role=button]{cursor:pointer}
.kl [role=button]:focus{outline:none}
.kl [role=button]:focus-visible{outline:2px solid var(--kl-comm);outline-offset:2px}
.kl [role=button] .face{pointer-events:all}
.kl [role=button]:hover .face{stroke:var(--kl-ink)}
.kl [aria-disabled=true]{cursor:default}
.kl-sr{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%)}
@media (forced-colors:active){.kl text{fill:CanvasText}.kl .f-comm,.kl .f-sync{fill:Highlight}}
"""


def stylesheet(*, live: bool) -> str:
    """The sheet of the live widget, or of a static picture.

    A static picture stands alone: it sees no JupyterLab variables when shown as an image, follows
    the reader's `prefers-color-scheme`, and has no motion.
    """
    parts = [
        f".kl{{{_variables('light', inherit=True)}}}",
        f'[data-jp-theme-light="false"] .kl{{{_variables("dark", inherit=True)}}}',
        "@media (prefers-color-scheme:dark)"
        f"{{.kl.kl-alone{{{_variables('dark', inherit=False)}}}}}",
        _SHAPE_RULES.replace("UI_FONT", _UI_FONT).replace("CODE_FONT", _CODE_FONT).strip(),
        ".kl .f-none{fill:none}",
        *(f".kl .f-{n}{{fill:var(--kl-{n})}}.kl .s-{n}{{stroke:var(--kl-{n})}}" for n in TOKENS),
        *(f".kl .t-{n}{{font-size:{t.size}px;font-weight:{t.weight}}}" for n, t in TYPE.items()),
    ]
    if live:
        parts += [_MOTION_RULES.strip(), _WIDGET_RULES.strip()]
    return "\n".join(parts)


def contrast(first: str, second: str) -> float:
    """WCAG's contrast of two colours `#rrggbb`, from 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _variables(theme: str, *, inherit: bool) -> str:
    declarations = []
    for name, token in TOKENS.items():
        colour = token.light if theme == "light" else token.dark
        if inherit and token.variable:
            colour = f"var({token.variable},{colour})"
        declarations.append(f"--kl-{name}:{colour}")
    return ";".join(declarations)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    red, green, blue = linear
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
