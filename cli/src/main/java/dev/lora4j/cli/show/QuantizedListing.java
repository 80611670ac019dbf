package dev.lora4j.cli.show;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.llm.checkpoint.ListedTensor;
import dev.lora4j.llm.weights.BitsAndBytesFile;
import dev.lora4j.llm.weights.BitsAndBytesLayout;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The contents of a model that is quantised by bitsandbytes: each weight with its shape before
 * quantisation and without the tensors of its state, and the sum of each storage.
 */
public final class QuantizedListing implements Listing {
  private final List<ListedTensor> tensors;
  private final Map<BitsAndBytesLayout, Total> totals = new LinkedHashMap<>();

  private record Total(int count, long parameters, long bytes) {
    Total plus(Total other) {
      return new Total(count + other.count, parameters + other.parameters, bytes + other.bytes);
    }
  }

  public QuantizedListing(BitsAndBytesFile file) {
    tensors = ListedTensor.of(file);
    for (ListedTensor one : tensors) {
      Total total = new Total(1, one.elements(), one.bytes());
      file.layout(one.name()).ifPresent(layout -> totals.merge(layout, total, Total::plus));
    }
  }

  @Override
  public void print(PrintStream out, boolean all) {
    totals.forEach(
        (layout, total) ->
            out.printf(
                "bitsandbytes %s: %s weights, %s parameters, %s%n",
                layout.describe(),
                NumberFormats.count(total.count()),
                NumberFormats.count(total.parameters()),
                NumberFormats.bytes(total.bytes())));
    new TensorListing(tensors).print(out, all);
  }

  @Override
  public void fill(ObjectNode root) {
    totals.forEach(
        (layout, total) -> {
          ObjectNode storage = root.withArray("quantization").addObject();
          storage.put("type", layout.type().word());
          layout.blockSize().ifPresent(size -> storage.put("block_size", size));
          storage.put("double_quant", layout.nestedBlockSize().isPresent());
          layout.nestedBlockSize().ifPresent(size -> storage.put("nested_block_size", size));
          storage.put("tensors", total.count());
          storage.put("parameters", total.parameters());
          storage.put("bytes", total.bytes());
        });
    new TensorListing(tensors).fill(root);
  }
}
