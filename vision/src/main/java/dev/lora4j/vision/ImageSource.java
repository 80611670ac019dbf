package dev.lora4j.vision;

/** A source of labelled images. */
public interface ImageSource {

  /** Returns a short description of the data and its location, for the user. */
  String describe();

  /** Reads all images by up to this number of threads into sets that the caller closes. */
  ImageSplits load(int threads);
}
