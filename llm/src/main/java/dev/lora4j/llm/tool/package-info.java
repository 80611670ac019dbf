/**
 * Tool calls as the model families write them: parsed from generated text, and as grammars for
 * constrained decoding.
 *
 * <pre>{@code
 * ToolCallFormat format = ToolCallFormat.of(template).orElseThrow();
 * ToolCallParser parser = new ToolCallParser(format);
 * ToolCallParser.Parsed parsed = parser.add(piece); // text before a call, and complete calls
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.tool;

import org.jspecify.annotations.NullMarked;
