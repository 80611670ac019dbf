/** The values of the template language, and the state of a rendering. */
@NullMarked
package dev.lora4j.llm.jinja.value;

import org.jspecify.annotations.NullMarked;
