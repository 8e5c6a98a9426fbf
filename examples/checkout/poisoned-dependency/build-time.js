// POISONED, ON PURPOSE. Aims at the machine that makes the bundle: an import path that climbs out of the app, and a
// symbolic link that points out of it. Where the bundler follows them, a file of that machine becomes part of the
// function: as code, so the words of the file come back as the text of an error.
const stolen = {}

try {
  stolen.import = require('../../../../../../../../../../../../etc/hostname')
} catch (error) {
  stolen.import = error
}

try {
  stolen.link = require('./readme-of-the-build-machine.txt')
} catch (error) {
  stolen.link = error
}

export { stolen }
