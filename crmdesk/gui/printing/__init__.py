"""The printing room: documents and lists on pages, as PDF files and on paper."""
