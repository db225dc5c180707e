// The rules for the page's style sheets.

export default {
  extends: 'stylelint-config-standard',
  rules: {
    'property-no-vendor-prefix': [true, { ignoreProperties: ['text-size-adjust'] }], // Safari has no other
  },
};
