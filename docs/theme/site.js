// What scrolls sideways can be reached and scrolled by keyboard; what fits is no stop on the way.
function reach() {
  for (const part of document.querySelectorAll("article pre, article .table-wrapper")) {
    if (part.scrollWidth > part.clientWidth) {
      part.tabIndex = 0;
    } else {
      part.removeAttribute("tabindex");
    }
  }
}

addEventListener("DOMContentLoaded", reach);
addEventListener("resize", reach);
