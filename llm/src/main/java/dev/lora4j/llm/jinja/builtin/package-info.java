/** The filters, tests, functions and methods of the template language. */
@NullMarked
package dev.lora4j.llm.jinja.builtin;

import org.jspecify.annotations.NullMarked;
