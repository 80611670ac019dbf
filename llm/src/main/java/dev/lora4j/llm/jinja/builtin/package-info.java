/**
 * Jinja's filters, tests, functions and operators, and the methods of Python's strings and
 * dictionaries, as far as chat templates use them.
 *
 * <p>A <i>filter</i> maps a value ({@code value | trim}), a <i>test</i> checks one ({@code value is
 * defined}), a <i>method</i> belongs to one ({@code value.strip()}).
 *
 * <pre>{@code
 * Filters.Filter trim = Filters.find("trim").orElseThrow();
 * Object text = trim.apply(" hi ", arguments, state); // "hi"
 * boolean yes = Tests.required("string").holds(text, arguments);
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.jinja.builtin;

import org.jspecify.annotations.NullMarked;
