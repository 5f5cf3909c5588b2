// What a reader would stumble over: text over text, text outside the picture, text under 11 px.
() => {
  const svg = document.querySelector("section.kl > svg");
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")]
    .filter(node => node.textContent.trim())
    .map(node => ({
      words: node.textContent,
      box: node.getBoundingClientRect(),
      size: parseFloat(getComputedStyle(node).fontSize) * (frame.width / svg.viewBox.baseVal.width),
    }));
  const found = [];
  texts.forEach(({ words, box, size }, i) => {
    if (size < 10.99) found.push(`SMALL ${size.toFixed(1)} px: ${words}`);
    const isOutside = box.left < frame.left + 4 || box.right > frame.right - 4
      || box.top < frame.top || box.bottom > frame.bottom;
    if (isOutside) found.push(`OUTSIDE ${words}`);
    for (const other of texts.slice(i + 1)) {
      const wide = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const high = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      if (wide > 0.5 && high > 4) found.push(`OVER ${words} | ${other.words}`);
    }
  });
  if (!texts.length) found.push("NO TEXT AT ALL");
  return found;
}
