// Keeps the keyboard focus in its place. Buttons come and go with what the master permits. A browser takes
// the focus from a button that goes, and a keyboard user would have to start again at the top of the page.

let disabledWithFocus = null; // the button that lost the focus because it was disabled

// setDisabled gives the focus back when the button is enabled again.
export function setDisabled(button, disabled) {
  if (button.disabled === disabled) return;
  if (disabled && document.activeElement === button) disabledWithFocus = button;
  button.disabled = disabled;
  if (disabled || disabledWithFocus !== button) return;
  disabledWithFocus = null;
  if (nothingHasFocus()) button.focus();
}

// setShown moves the focus of a button that goes to the heading above it, from where the next key leads on.
// With keepPlace the button leaves an empty place behind.
export function setShown(button, shown, heading, { keepPlace = false } = {}) {
  if (!shown && hasFocus(button)) heading.focus({ preventScroll: true });
  if (!shown && disabledWithFocus === button) disabledWithFocus = null;
  if (keepPlace) button.classList.toggle('absent', !shown);
  else button.hidden = !shown;
}

// keepFocus runs a change of what is in the container. If the focused element goes with it, the heading
// gets the focus.
export function keepFocus(container, heading, change) {
  const focused = nothingHasFocus() ? disabledWithFocus : document.activeElement;
  const wasInside = container.contains(focused);
  change();
  if (wasInside && !container.contains(focused) && nothingHasFocus()) heading.focus({ preventScroll: true });
}

const nothingHasFocus = () => document.activeElement === document.body;

const hasFocus = (button) => document.activeElement === button || (disabledWithFocus === button && nothingHasFocus());
