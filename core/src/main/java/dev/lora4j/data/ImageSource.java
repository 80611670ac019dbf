package dev.lora4j.data;

/** A place that labelled images come from. */
public interface ImageSource {

  /** What it is and where, in a few words for the user. */
  String describe();

  /**
   * Reads all images, into sets that the caller closes. The result does not depend on the number of
   * threads.
   *
   * @param threads how many threads may decode, at least 1
   * @throws dev.lora4j.UserError when the images are not there, or a class is empty
   * @throws dev.lora4j.CorruptFile when a file is not what it claims to be
   */
  ImageSplits load(int threads);
}
