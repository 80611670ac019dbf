/**
 * Text generation, token by token. A <em>generation</em> is the <em>prefill</em> of a prompt and
 * the <em>decoding</em> of tokens after it, with <em>greedy decoding</em> or <em>sampling</em>,
 * until a stop token or a limit. A <em>session</em> keeps the KV cache between generations. Token
 * ids in, token ids out; text is handled by higher-level packages.
 *
 * <pre>{@code
 * GenerationConfig config = GenerationConfig.greedy(64).stoppingAt(base.endTokens());
 * Generation completion = new Generator(base.model()).generate(prompt, config);
 * System.out.println(tokenizer.decode(completion.tokens()));
 * System.out.println(completion.tokensPerSecond() + " tokens/s");
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.generate;

import org.jspecify.annotations.NullMarked;
