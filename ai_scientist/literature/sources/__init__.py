"""Services that know papers, behind one seam."""
