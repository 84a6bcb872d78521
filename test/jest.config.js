const { availableParallelism } = require('node:os');

module.exports = {
  rootDir: '../dist',
  testMatch: [`<rootDir>/test/**/*.${process.env.TEST_KIND ?? 'test'}.js`],
  transform: {},
  // Each file had loaded the packages and src for itself: three quarters of what a file of 10 requests took.
  runtime: '<rootDir>/test/support/worker-runtime.js',
  testEnvironment: '<rootDir>/test/support/worker-environment.js',
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
  testSequencer: '<rootDir>/test/support/longest-first.js',
  // Three workers for two cores: files with time-outs wait for a quarter of their time. Jest takes "150%" for 150 workers.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  testTimeout: 30_000,
};
