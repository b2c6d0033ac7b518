/**
 * Loaded into the program in front of it (`NODE_OPTIONS=--import …`): two signals by which a test makes it fail as a
 * defect would.
 */

// The children of the program are not to fail.
delete process.env.NODE_OPTIONS;
process.on('SIGWINCH', () => {
  throw new Error('a defect for the test');
});
process.on('SIGIO', () => {
  void Promise.reject(new Error('a rejection for the test'));
});
