/** Initialisation from data: EVA, explained variance adaptation. */
@NullMarked
package dev.lora4j.lora.init;

import org.jspecify.annotations.NullMarked;
