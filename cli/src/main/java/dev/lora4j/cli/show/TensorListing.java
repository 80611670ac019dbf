package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.checkpoint.ListedTensor;
import dev.lora4j.llm.checkpoint.TensorGroup;
import java.io.PrintStream;
import java.util.List;

/** A list of tensors, grouped by name pattern, with totals. */
public record TensorListing(List<ListedTensor> tensors) implements Listing {

  @Override
  public void print(PrintStream out, boolean all) {
    if (all) {
      tensors.forEach(t -> out.printf("- %s %s %s%n", t.name(), t.format(), t.shape()));
    } else {
      TensorGroup.of(tensors).forEach(group -> print(out, group));
    }
    out.printf(
        "%s tensors, %s parameters, %s bytes%n",
        NumberFormats.count(tensors.size()),
        NumberFormats.count(parameters()),
        NumberFormats.count(bytes()));
  }

  private static void print(PrintStream out, TensorGroup group) {
    String times = group.count() == 1 ? "" : " × " + group.count();
    out.printf("- %s %s %s%s%n", group.name(), group.format(), group.shape(), times);
  }

  @Override
  public void fill(ObjectNode root) {
    for (ListedTensor listed : tensors) {
      ObjectNode tensor = root.withArray("tensors").addObject();
      tensor.put("name", listed.name());
      tensor.put("dtype", listed.format());
      listed.shape().forEach(tensor.withArray("shape")::add);
    }
    root.put("parameters", parameters());
    root.put("bytes", bytes());
  }

  private long parameters() {
    return tensors.stream().mapToLong(ListedTensor::elements).sum();
  }

  private long bytes() {
    return tensors.stream().mapToLong(ListedTensor::bytes).sum();
  }
}
