/** Combining several adapters into one, with PEFT's combination types. */
@NullMarked
package dev.lora4j.lora.combine;

import org.jspecify.annotations.NullMarked;
