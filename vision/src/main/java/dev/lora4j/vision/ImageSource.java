package dev.lora4j.vision;

/** A source of labelled images. */
public interface ImageSource {

  /** Returns a short description of the data and its location, for the user. */
  String describe();

  /**
   * Reads all images into sets that the caller closes. The result does not depend on the number of
   * threads.
   *
   * @param threads maximum number of decoding threads, at least 1
   * @throws dev.lora4j.UserError if the images are missing, or a class is empty
   * @throws dev.lora4j.CorruptFile if a file is damaged or of another format
   */
  ImageSplits load(int threads);
}
