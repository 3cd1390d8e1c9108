"""Photos and PDFs that come with a visit: received in pieces, looked at, drawn anew, sealed, read chunk by chunk."""
