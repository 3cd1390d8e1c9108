"""What goes on paper: prescriptions, reports and appointment cards, drawn as accessible PDF from the records' words."""
