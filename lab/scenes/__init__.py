"""From a frame to a picture: pure functions, no browser, no kernel.

    frame ──cluster_view.draw()──▶ Scene ──┬── svg.write_svg()  the static twin
                                           └── diff.diff()      what the live widget needs

Read next: `shapes` (what a scene is made of), `theme` (how it looks), `cluster` (what it shows).
"""
