/**
 * Byte-level grammars and their token masks.
 *
 * <p>A grammar is a pushdown automaton over bytes: <i>byte switches</i> read a byte, <i>choices</i>
 * have alternatives, and <i>rule calls</i> push a stack frame, so that rules can be recursive. A
 * <i>token mask</i> holds the tokens of a vocabulary that can come next.
 *
 * <pre>{@code
 * GrammarBuilder builder = new GrammarBuilder();
 * Grammar yesOrNo = builder.build(
 *     builder.choice(builder.literal("yes", builder.end()), builder.literal("no", builder.end())));
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.constrain.grammar;

import org.jspecify.annotations.NullMarked;
