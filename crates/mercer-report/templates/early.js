// Runs before the page is painted: the reader's theme, and a mark that scripts work.
document.documentElement.classList.add("js");
try {
  const theme = localStorage.getItem("mercer-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (error) { /* no storage: the system's theme it is */ }
