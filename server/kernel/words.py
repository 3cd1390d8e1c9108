"""The marker of sentences that a person will read: French here, translated at the door."""


def N_(text: str) -> str:
    """Return `text` untouched; extraction finds the mark, `clinic_ui.i18n` translates the sentence."""
    return text
