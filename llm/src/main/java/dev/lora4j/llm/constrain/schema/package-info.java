/**
 * JSON Schema as a grammar.
 *
 * <pre>{@code
 * GrammarBuilder builder = new GrammarBuilder();
 * Grammar grammar = builder.build(builder.call(SchemaCompiler.rule(builder, schema), builder.end()));
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.constrain.schema;

import org.jspecify.annotations.NullMarked;
