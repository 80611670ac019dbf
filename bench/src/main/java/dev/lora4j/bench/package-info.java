/**
 * Side by side with the peers: each benchmark runs both as whole processes, in turn on the same
 * machine, and prints ratios beside the limit that the machine sets. What enters measures; nothing
 * here is used by the library.
 */
@NullMarked
package dev.lora4j.bench;

import org.jspecify.annotations.NullMarked;
