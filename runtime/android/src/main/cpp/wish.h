#ifndef LAZYDIT_ANDROID_WISH_H_
#define LAZYDIT_ANDROID_WISH_H_

#include <jni.h>

#include "planning.h"

namespace lazydit::android {

/* What an org.lazydit.Wish says. */
native::Wish wish_of(JNIEnv* env, jobject wish);

}  // namespace lazydit::android

#endif
