"""The encryption core. FORMAT.md says every byte; `envelope` is the only module that touches a cipher."""
