/** Adapted layers and their deltas: a frozen layer plus {@code ΔW} of each active adapter. */
@NullMarked
package dev.lora4j.lora.layer;

import org.jspecify.annotations.NullMarked;
