/** Progress bars with rate and time left. */
@NullMarked
package dev.lora4j.cli.progress;

import org.jspecify.annotations.NullMarked;
