/**
 * An interpreter for chat templates: the subset of Jinja that models use, with Python's semantics
 * for strings, slices and truth.
 *
 * <p>A <i>chat template</i> turns a conversation into the text that the model was trained on. A
 * template consists of text, <i>expressions</i> {@code {{ … }}} and <i>tags</i> {@code {% … %}};
 * <i>filters</i> ({@code value | name}) and <i>tests</i> ({@code value is name}) transform and
 * check values. A <i>generation block</i> marks the assistant's text, and thereby the label mask of
 * completion-only loss.
 *
 * <pre>{@code
 * Template template = Template.parse("{% for m in messages %}{{ m.content }}{% endfor %}", clock);
 * Rendering out = template.render(Map.of("messages", List.of(Map.of("content", "Hello"))));
 * String prompt = out.text();
 * }</pre>
 *
 * <p>Templates are untrusted: they reach only the values passed to them, never a Java method, and
 * each rendering has a bounded budget of steps and characters.
 */
@NullMarked
package dev.lora4j.llm.jinja;

import org.jspecify.annotations.NullMarked;
