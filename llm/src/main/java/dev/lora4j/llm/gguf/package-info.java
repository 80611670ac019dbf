/**
 * Language models in GGUF files, converted to and from Hugging Face's layout: {@code config.json}
 * from the metadata, tensors under transformers' names, {@code tokenizer.json} from the vocabulary.
 *
 * <ul>
 *   <li><b>model files</b>: config and tokenizer files, of a directory or created from a GGUF
 *       header, {@link dev.lora4j.llm.gguf.ModelFiles}.
 *   <li><b>layout</b>: names, row order and transposition of an architecture's tensors in
 *       llama.cpp.
 *   <li><b>pre-tokenizer</b>: the rule that splits a text into words before BPE merges.
 * </ul>
 *
 * <pre>{@code
 * ModelFiles files = ModelFiles.at(Path.of("model-q8_0.gguf")); // the only reading of the header
 * try (Pretrained model = Pretrained.load(files, DType.F32);
 *     Tokenizer tokenizer = Tokenizer.load(files)) {
 *   …
 * }
 * }</pre>
 *
 * <p>Bytes and tensor types belong to {@link dev.lora4j.io.gguf}.
 */
@NullMarked
package dev.lora4j.llm.gguf;

import org.jspecify.annotations.NullMarked;
