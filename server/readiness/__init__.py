"""Is the cabin ready? What its check measured, the colour and the sentence that follow, and what red closes."""
