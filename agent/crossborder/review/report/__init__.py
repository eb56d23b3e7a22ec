"""The report of a time: what crossed, by what right, and what could not be seen; a page and a PDF for people.

`survey` makes the figures, `words` says them in Vietnamese or English, `charts` draws, `page` and `pdf` print.
"""
