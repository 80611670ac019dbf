package dev.lora4j.spark.inference;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a partition with their outputs, computed batch by batch. A row without a text has no
 * output.
 */
final class RowBatches implements Iterator<Row> {
  private final Iterator<Row> rows;
  private final RowColumns columns;
  private final int size;
  private final SharedModels.Lease lease;
  private Iterator<Row> ready = List.<Row>of().iterator();

  RowBatches(
      Iterator<Row> rows,
      RowColumns columns,
      int size,
      ModelSpec spec,
      Configuration configuration) {
    this.rows = rows;
    this.columns = columns;
    this.size = size;
    lease = SharedModels.lease(spec, configuration);
    Optional.ofNullable(TaskContext.get())
        .ifPresent(
            task ->
                task.addTaskCompletionListener((TaskCompletionListener) ended -> lease.close()));
  }

  @Override
  public boolean hasNext() {
    if (!ready.hasNext() && rows.hasNext()) {
      ready = next(batch()).iterator();
    }
    if (!ready.hasNext()) {
      lease.close();
    }
    return ready.hasNext();
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return ready.next();
  }

  private List<Row> batch() {
    List<Row> batch = new ArrayList<>();
    while (batch.size() < size && rows.hasNext()) {
      batch.add(rows.next());
    }
    return batch;
  }

  private List<Row> next(List<Row> batch) {
    List<Integer> filled = new ArrayList<>();
    List<TextInput> inputs = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      Optional<TextInput> input = columns.input(batch.get(i));
      if (input.isPresent()) {
        filled.add(i);
        inputs.add(input.get());
      }
    }
    Object[] outputs = new Object[batch.size()];
    if (!inputs.isEmpty()) {
      List<Object> computed = lease.model().outputs(inputs);
      for (int i = 0; i < computed.size(); i++) {
        outputs[filled.get(i)] = computed.get(i);
      }
    }
    List<Row> results = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      results.add(with(batch.get(i), outputs[i]));
    }
    return results;
  }

  private static Row with(Row row, @Nullable Object output) {
    Object[] values = new Object[row.size() + 1];
    for (int i = 0; i < row.size(); i++) {
      values[i] = row.get(i);
    }
    values[row.size()] = output;
    return RowFactory.create(values);
  }
}
