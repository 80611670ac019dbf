/**
 * Constrained decoding: completions that are a JSON object, or JSON of a schema.
 *
 * <p>At each step, a <i>token mask</i> excludes the tokens that can't continue the text; stop
 * tokens are allowed exactly when the text is complete.
 *
 * <pre>{@code
 * Constraint constraint = Constraint.jsonSchema(model.format().tokenizer(), schema);
 * GenerationOptions options = GenerationOptions.greedy(200).constraint(constraint);
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.constrain;

import org.jspecify.annotations.NullMarked;
