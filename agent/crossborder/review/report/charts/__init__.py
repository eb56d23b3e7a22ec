"""Charts as SVG, drawn once: the same on the page, in the PDF and in files of their own."""
