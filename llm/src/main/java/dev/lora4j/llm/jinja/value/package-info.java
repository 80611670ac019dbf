/**
 * The values of the template language, and the state of a rendering.
 *
 * <p>A <i>value</i> is a Java object of the types listed in {@link Values}. An <i>expression</i>
 * evaluates to a value; a <i>statement</i> prints or assigns. The <i>render state</i> holds the
 * variables by <i>scope</i>, the output, and a <i>budget</i> of steps, characters and nesting that
 * bounds untrusted templates.
 *
 * <pre>{@code
 * RenderState state = new RenderState(Map.of());
 * state.scope().set("name", Values.of("Ada"));
 * state.print(PythonText.str(state.scope().get("name"), state.budget()));
 * String text = state.rendering().text(); // "Ada"
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.jinja.value;

import org.jspecify.annotations.NullMarked;
