package dev.lora4j.models.checkpoint;

import dev.lora4j.io.DType;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/** The tensors that a model is filled with, by transformers' names. */
interface StoredTensors extends AutoCloseable {

  /** What says which tensors there should be, in words. */
  String description();

  /** Names of all tensors. */
  Set<String> names();

  /** The format of a tensor's numbers. */
  DType dtype(String name);

  /** A tensor's sizes, outermost first. */
  List<Long> shape(String name);

  /** A tensor with numbers of this format, which belongs to the caller's pointer scope. */
  Tensor read(String name, DType format);

  @Override
  void close();
}
