/**
 * Data sets and the file formats of rows.
 *
 * <ul>
 *   <li><b>data set</b>: a finite set of examples with random access, {@link Dataset}.
 *   <li><b>batch</b>: inputs and targets of some examples, {@link Batch}.
 *   <li><b>row format</b>: a file format of rows with named fields, such as parquet, found by
 *       {@code ServiceLoader}, {@link RowFormat}.
 * </ul>
 *
 * <pre>{@code
 * try (TensorDataset data = TensorDataset.of(images, labels)) {
 *   Batch batch = data.gather(Ops.tensor(new long[] {3, 1, 4}));
 *   Tensor logits = network.forward(batch.inputs());
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.data;

import org.jspecify.annotations.NullMarked;
