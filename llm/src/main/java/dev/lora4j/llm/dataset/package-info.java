/**
 * Data for language models: tokenizer, chat templates, data formats, label masks, packing and
 * micro-batches. All of it is plain Java arrays, without tensors.
 *
 * <pre>{@code
 * TextData data = TextData.open(file);
 * TextExamples made = TextExamples.of(data, tokenizer,
 * ExampleDataOptions.ofLength(512).with(template)); Split<Example> split =
 * Split.of(made.examples(), 100, 0); BatchSampler steps = BatchSampler.packed(split.train(), 512,
 * 8, 0);
 * }</pre>
 *
 * <p>Terms: a <em>sample</em> is a row of a file before tokenizing; an <em>example</em> is token
 * ids with a label mask; the <em>loss tokens</em> are those that the mask includes;
 * <em>packing</em> puts several examples in one row; a <em>micro-batch</em> is one worker's part of
 * a batch, with shared prefixes computed once.
 */
@NullMarked
package dev.lora4j.llm.dataset;

import org.jspecify.annotations.NullMarked;
