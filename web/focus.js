// Buttons come and go with what the master permits. A browser takes the focus from one that goes, and
// somebody without a mouse would have to begin at the top again.

let robbed = null; // lost the focus by being disabled

// setDisabled gives the focus back when the button can be used again.
export function setDisabled(button, disabled) {
  if (button.disabled === disabled) return;
  if (disabled && document.activeElement === button) robbed = button;
  button.disabled = disabled;
  if (disabled || robbed !== button) return;
  robbed = null;
  if (document.activeElement === document.body) button.focus();
}

// setShown hands the focus of a button that goes to the heading over it, from where the next key leads on.
// A place that is kept stays as large as it was.
export function setShown(button, shown, heading, { keepPlace = false } = {}) {
  const nobody = document.activeElement === document.body;
  if (!shown && (document.activeElement === button || robbed === button && nobody)) heading.focus({ preventScroll: true });
  if (!shown && robbed === button) robbed = null;
  if (keepPlace) button.classList.toggle('absent', !shown);
  else button.hidden = !shown;
}

// keepFocus changes what is in a container, and sees to the focus of what goes with that.
export function keepFocus(container, heading, change) {
  const had = container.contains(document.activeElement);
  change();
  if (had && document.activeElement === document.body) heading.focus({ preventScroll: true });
}
